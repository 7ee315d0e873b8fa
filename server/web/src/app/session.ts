// Who is looking, and what they may do. The server decides; this only hides what it would refuse.
import { signal } from '@preact/signals';
import type { Me } from '../api.gen';
import { request } from './api';

/** undefined: not known yet; null: nobody is logged in. */
export const me = signal<Me | null | undefined>(undefined);

export async function loadMe() {
  try {
    me.value = (await request<Me>('GET', '/api/me', { quiet: true })).body;
  } catch {
    me.value = null;
  }
}

export const projects = () => me.value?.projects ?? [];

/** The project of that id or name. */
export const projectOf = (p: string) => projects().find((x) => x.id === p || x.name === p);

/** Whether the caller may read, write or administer a project. Reads the session's signal. */
export const may = (project: string, need: 'read' | 'write' | 'admin') => projectOf(project)?.may.includes(need) ?? false;

const chosen = 'tailrace.project';

/** The project to open when the address names none: the last one that was looked at. */
export function preferredProject(): string | undefined {
  const last = localStorage.getItem(chosen);
  return (projects().find((p) => p.name === last) ?? projects()[0])?.name;
}

export const rememberProject = (name: string) => localStorage.setItem(chosen, name);
