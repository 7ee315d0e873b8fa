// A conversation: who said what, tools with what they returned, and first of all what is new.
import { useMemo, useState } from 'preact/hooks';
import { bytes, plural } from '../../../lib/format';
import { Segmented } from '../../../ui/field';
import { Icon, type IconName } from '../../../ui/icon';
import type { Conversation, Message, Part } from './chat';
import { diffLines, folded } from '../../compare/diff';
import { delta, type Entry } from './delta';
import { Json } from './json';
import { Marked, Text, plain, setPlain } from './text';

type Result = Extract<Part, { kind: 'result' }>;
type Results = Map<Part, Result>;

/** Which result belongs to which call: by id; where there is none, the next of the same tool. */
export function pair(messages: Message[]): Results {
  const pairs: Results = new Map();
  const waiting: Extract<Part, { kind: 'call' }>[] = [];
  for (const p of messages.flatMap((m) => m.parts)) {
    if (p.kind === 'call') waiting.push(p);
    if (p.kind !== 'result') continue;
    const i = waiting.findIndex((c) => (p.id ? c.id === p.id : !c.id && c.name === p.name));
    if (i >= 0) pairs.set(waiting.splice(i, 1)[0]!, p);
  }
  return pairs;
}

export interface Before { conversation: Conversation; href: string; onSelect(): void }

export function Chat({ chat, before }: { chat: Conversation; before?: Before }) {
  const [all, setAll] = useState(false);
  const results = useMemo(() => pair([...chat.input, ...chat.output]), [chat]);
  const entries = useMemo((): Entry[] => (before && !all ? delta(before.conversation.input, chat.input) : [{ op: 'added', messages: chat.input }]), [before, chat, all]);
  const view = { results, known: new Set(results.values()) };
  return (
    <div class="chat">
      <div class="row chat-tools">
        {before && <Segmented<'new' | 'all'> small label="Messages" value={all ? 'all' : 'new'} options={[['new', 'New'], ['all', 'All messages']]} onChoice={(v) => setAll(v === 'all')} />}
        <span class="grow">{before && <a class="before" href={before.href} onClick={(e) => { e.preventDefault(); before.onSelect(); }}>Previous call</a>}</span>
        <Segmented<'md' | 'plain'> small label="Texts" value={plain.value ? 'plain' : 'md'} options={[['md', 'Markdown'], ['plain', 'Plain']]} onChoice={(v) => setPlain(v === 'plain')} />
      </div>
      {entries.map((e, i) => <Run key={`${all}${i}`} entry={e} before={!!before && !all} view={view} />)}
      {chat.output.length > 0 && <p class="chat-line"><span>Answer</span></p>}
      {chat.output.map((m, i) => <Said key={i} message={m} view={view} />)}
    </div>
  );
}

interface View { results: Results; known: Set<Part> }

function Run({ entry, before, view }: { entry: Entry; before: boolean; view: View }) {
  const [open, setOpen] = useState(false);
  if (entry.op === 'edited') return <Edited before={entry.before} after={entry.after} />;
  const n = entry.messages.length;
  const shown = () => entry.messages.map((m, i) => <Said key={i} message={m} view={view} />);
  if (!before) return <>{shown()}</>;
  if (entry.op === 'added') return <><p class="chat-line new"><span>{plural(n, 'message')} added since the previous call</span></p>{shown()}</>;
  const same = entry.op === 'same';
  return (
    <details class={`chat-run ${entry.op}`} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        {same ? `${plural(n, 'earlier message')}, same as in the previous call` : `${plural(n, 'message was dropped', 'messages were dropped')} since the previous call`}
      </summary>
      {open && shown()}
    </details>
  );
}

const linesOf = (m: Message) => m.parts.map((p) => ('text' in p ? p.text : JSON.stringify(p, null, 2))).join('\n').split('\n');

function Edited({ before, after }: { before: Message; after: Message }) {
  const lines = useMemo(() => folded(diffLines(linesOf(before), linesOf(after)), (l) => l.kind !== ' '), [before, after]);
  return (
    <section class={`said ${roleClass(after)}`}>
      <h3><RoleMark role={after.role} /> <span class="chip">changed since the previous call</span></h3>
      <pre>{lines.map((l, i) => (typeof l === 'number' ? <div key={i} class="muted">{l} equal lines</div>
        : <div key={i} class={l.kind === '+' ? 'plus' : l.kind === '-' ? 'minus' : ''}>{l.kind} <Marked text={l.text} /></div>))}</pre>
    </section>
  );
}

const looks = new Map<string, [string, IconName]>([
  ['system', ['System', 'settings']], ['user', ['User', 'user']], ['assistant', ['Assistant', 'model']], ['tool', ['Tool', 'tool']], ['input', ['Input', 'right']], ['output', ['Output', 'right']],
]);

const roleClass = (m: Message) => (looks.has(m.role) ? 'role-' + m.role : 'role-other');
const RoleMark = ({ role }: { role: string }) => { const [name, icon] = looks.get(role) ?? [role || 'Message', 'other' as const]; return <><Icon name={icon} size={14} /> {name}</>; };

function Said({ message, view }: { message: Message; view: View }) {
  const parts = message.parts.filter((p) => !view.known.has(p)); // shown with its call
  if (message.parts.length && !parts.length) return null;
  return (
    <section class={`said ${roleClass(message)}`}>
      <h3><RoleMark role={message.role} /></h3>
      {parts.map((p, i) => <PartView key={i} part={p} view={view} lines={message.role === 'system' ? 3 : 20} />)}
      {!parts.length && <p class="muted">Nothing was said.</p>}
    </section>
  );
}

function PartView({ part: p, view, lines }: { part: Part; view: View; lines: number }) {
  switch (p.kind) {
    case 'text': return <div class="part">{p.label && <span class="chip">{p.label}</span>}<Text text={p.text} lines={lines} /></div>;
    case 'reasoning': return <details class="part reasoning"><summary>Reasoning</summary><Text text={p.text} /></details>;
    case 'call': {
      const result = view.results.get(p);
      return (
        <div class="part call">
          <p class="call-head"><Icon name="tool" size={14} /> <b><Marked text={p.name || 'tool'} /></b> {p.id && <code class="muted ellipsis">{p.id}</code>}</p>
          {p.args != null && <Value value={p.args} label="Arguments" />}
          {result && <Returned result={result} />}
        </div>
      );
    }
    case 'result': return <div class="part call"><p class="call-head"><Icon name="tool" size={14} /> <b>{p.name}</b> {p.id && <code class="muted ellipsis">{p.id}</code>}</p><Returned result={p} /></div>;
    case 'unknown': return <div class="part"><Value value={p.value} label="Part of a message" /></div>;
    default: return <p class="part muted">[{p.kind}{p.media && ': ' + p.media}{p.size > 0 && ', ' + bytes(p.size)}] <span class="mono">{p.url}</span></p>;
  }
}

const Returned = ({ result: r }: { result: Result }) => (
  <div class={r.failed ? 'returned failed' : 'returned'}>
    <p class="call-head"><Icon name={r.failed ? 'error' : 'right'} size={14} /> {r.failed ? 'failed' : 'returned'}</p>
    {r.result == null ? <p class="muted">nothing</p> : <Value value={r.result} label="Result" />}
  </div>
);

const Value = ({ value, label }: { value: unknown; label: string }) => (typeof value === 'string' ? <Text text={value} /> : <Json value={value} label={label} first={40} />);
