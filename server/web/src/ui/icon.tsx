// Icons of our own, on a grid of 16, drawn with lines of 1.5 in the colour of the text beside them.
const paths = {
  traces: 'M2 4h7M5 8h8M3.5 12h6',
  metrics: 'M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5V8M13.5 13.5v-11',
  pipeline: 'M2 8h3.5M10.5 8H14M5.5 5.2h5v5.6h-5z',
  settings: 'M2.5 5h5M11 5h2.5M2.5 11H5M8.5 11h5M9.2 3.2v3.6M6.8 9.2v3.6',
  compare: 'M5 2.5v11M11 2.5v11M2.5 5H5M11 5h2.5M2.5 9H5M11 9h2.5',
  agent: 'M3.5 6.5h9v6h-9zM8 6.5V3.2M6 9.2v.6M10 9.2v.6M8 2.9v.1',
  model: 'M8 2l1.6 4.4L14 8l-4.4 1.6L8 14l-1.6-4.4L2 8l4.4-1.6z',
  step: 'M8 4.5l.9 2.6 2.6.9-2.6.9L8 11.5l-.9-2.6L4.5 8l2.6-.9z',
  tool: 'M13.2 4.4a3.3 3.3 0 0 1-4.4 4.1L4.6 12.7a1.15 1.15 0 0 1-1.6-1.6l4.2-4.2a3.3 3.3 0 0 1 4.1-4.4L9.3 4.6l.4 1.7 1.7.4z',
  workflow: 'M2.5 3h4v3.5h-4zM9.5 9.5h4V13h-4zM4.5 6.5v4.8h5',
  memory: 'M3 4.2c0-2.3 10-2.3 10 0s-10 2.3-10 0v7.6c0 2.3 10 2.3 10 0V4.2M3 8c0 2.3 10 2.3 10 0',
  guard: 'M8 2l5 1.8v3.7c0 3-2.1 5.3-5 6.5-2.9-1.2-5-3.5-5-6.5V3.8zM5.8 7.9l1.6 1.6 2.9-3.1',
  other: 'M8 3a5 5 0 1 0 .01 0z',
  event: 'M8 3l5 5-5 5-5-5z',
  error: 'M8 2.5L14.3 13.2H1.7zM8 6.5v3.2M8 11.3v.2',
  ok: 'M3 8.5l3.3 3.3L13 4.8',
  running: 'M13 8a5 5 0 1 1-2-4',
  clock: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.3l2.2 1.5',
  search: 'M7 2.8a4.2 4.2 0 1 0 .01 0zM10.2 10.2l3.3 3.3',
  filter: 'M2.5 3.5h11L9.3 8.6v4.2l-2.6-1.3V8.6z',
  close: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  copy: 'M5.5 5.5h7.5V13H5.5zM10.5 5.5V3H3v7.5h2.5',
  link: 'M6.5 9.5l3-3M7.3 4.7l1.5-1.5a2.7 2.7 0 0 1 4 4l-1.6 1.5M8.7 11.3l-1.5 1.5a2.7 2.7 0 0 1-4-4l1.6-1.5',
  share: 'M8 9.5V2.5M5.3 5L8 2.3 10.7 5M4.5 7.5H3v6h10v-6h-1.5',
  download: 'M8 2.5v7M5.3 7L8 9.7 10.7 7M3 13.5h10',
  trash: 'M3 4.5h10M6.3 4.5V3h3.4v1.5M4.3 4.5l.6 9h6.2l.6-9M6.8 7v4M9.2 7v4',
  edit: 'M3 13l.6-2.7 7-7 2.1 2.1-7 7z',
  down: 'M4 6.3l4 4 4-4',
  right: 'M6.3 4l4 4-4 4',
  left: 'M9.7 4l-4 4 4 4',
  up: 'M4 9.7l4-4 4 4',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  help: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM6.4 6.5a1.65 1.65 0 1 1 2.3 1.6c-.5.3-.7.6-.7 1.2M8 11v.2',
  light: 'M8 5.3a2.7 2.7 0 1 0 .01 0zM8 1.8v1M8 13.2v1M1.8 8h1M13.2 8h1M3.6 3.6l.7.7M11.7 11.7l.7.7M12.4 3.6l-.7.7M4.3 11.7l-.7.7',
  dark: 'M13 9.6A5.5 5.5 0 1 1 6.4 3a4.5 4.5 0 0 0 6.6 6.6z',
  system: 'M2.5 3.5h11v7.5h-11zM6 13.5h4M8 11v2.5',
  user: 'M8 3a2.4 2.4 0 1 0 .01 0zM3.3 13.2c.4-2.6 2.3-3.9 4.7-3.9s4.3 1.3 4.7 3.9',
  key: 'M5.5 8a2.7 2.7 0 1 0 .01 5.4A2.7 2.7 0 0 0 5.5 8zM7.5 8.7l5.5-5.5M10.5 5.7l2 2',
  logout: 'M6.5 3H3v10h3.5M7 8h6.5M11 5.5L13.5 8 11 10.5',
  more: 'M3.5 8v.01M8 8v.01M12.5 8v.01',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  live: 'M8 6.8a1.2 1.2 0 1 0 .01 0zM4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4',
  idle: 'M2.5 8h2M7 8h2M11.5 8h2',
  loop: 'M3 8a5 5 0 0 1 8.7-3.4M13 8a5 5 0 0 1-8.7 3.4M12 2.3v2.5H9.5M4 13.7v-2.5h2.5',
  external: 'M9.5 3H13v3.5M13 3L7.5 8.5M11 9.5V13H3V5h3.5',
} as const;

export type IconName = keyof typeof paths;
export const iconNames = Object.keys(paths) as IconName[];

/** A decoration, which is not read out: the text beside it says the same, or label does. */
export function Icon({ name, label, size = 16, class: c = '' }: { name: IconName; label?: string; size?: number; class?: string }) {
  return (
    <svg class={'icon ' + c} width={size} height={size} viewBox="0 0 16 16" aria-hidden={label ? undefined : 'true'} role={label ? 'img' : undefined} aria-label={label}>
      <path d={paths[name]} />
    </svg>
  );
}
