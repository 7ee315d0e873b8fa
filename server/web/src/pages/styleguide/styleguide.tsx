// The design system on one page: what there is to build with, shown as it is.
import { useState } from 'preact/hooks';
import { theme, type Theme } from '../../app/theme';
import { useTitle } from '../../app/title';
import { kinds, type Kind } from '../../lib/kinds';
import { bytes, cost, count, duration, percent, short } from '../../lib/format';
import { Button, CopyButton, LinkButton } from '../../ui/button';
import { Combobox } from '../../ui/combobox';
import { Confirm, Dialog } from '../../ui/dialog';
import { CheckField, Segmented, SelectField, TextField } from '../../ui/field';
import { Icon, iconNames } from '../../ui/icon';
import { Popover } from '../../ui/menu';
import { Chip, KindMark, StatusMark } from '../../ui/span';
import { Empty, Loading, Note } from '../../ui/state';
import type { ComponentChildren } from 'preact';

const colours = [
  ['Surfaces', ['bg', 'surface', 'raised', 'sunken', 'hover', 'selected']],
  ['Lines', ['line-soft', 'line-hard', 'control-line']],
  ['Text', ['text', 'muted', 'faint', 'accent']],
  ['Meaning', ['error', 'error-soft', 'warn', 'warn-soft', 'good', 'good-soft', 'mark']],
  ['Charts', ['chart-1', 'chart-2', 'chart-3', 'chart-4', 'chart-5', 'chart-6', 'chart-7', 'chart-8']],
] as const;

export function Styleguide() {
  useTitle('Style guide');
  return (
    <main class="page guide">
      <header class="page-head">
        <h1>Style guide</h1>
        <Segmented<Theme> label="Colours" value={theme.value} options={[['system', 'System'], ['light', 'Light'], ['dark', 'Dark']]} onChoice={(t) => { theme.value = t; }} />
        <LinkButton href="/">To the traces</LinkButton>
      </header>
      <Section title="Rules">
        <ul class="guide-rules">
          <li>Calm: one accent, for what is chosen or can be done. Red is for failures alone; success is quiet.</li>
          <li>Nothing is said by colour alone: an icon or a word says it too.</li>
          <li>Nothing jumps: what arrives waits, or fills room that was kept for it.</li>
          <li>Figures are aligned to the right and have digits of one width; an unknown figure is –, never 0.</li>
          <li>Every state has an address; every action a key or a button in the order of reading.</li>
          <li>An empty page, and a failed one, say what to do next.</li>
        </ul>
      </Section>
      <Section title="Type">
        <p class="t-xxl">28 One figure that matters</p>
        <p class="t-xl">20 The title of a page</p>
        <p class="t-l">15 The title of a panel</p>
        <p>13 Everything else, on lines of 20</p>
        <p class="t-s muted">12 Meta, axes, chips</p>
        <p class="mono">12 mono: 4bf92f3577b34da6a3ce929d0e0e4736</p>
      </Section>
      <Section title="Colours">
        {colours.map(([title, names]) => (
          <div key={title}>
            <h3>{title}</h3>
            <div class="row">{names.map((n) => <div class="swatch" key={n}><span style={{ background: `var(--${n})` }} /><code>{n}</code></div>)}</div>
          </div>
        ))}
      </Section>
      <Section title="Kinds of spans">
        <div class="row">{(Object.keys(kinds) as Kind[]).map((k) => <div class={`swatch kind-${k}`} key={k}><span style={{ background: 'var(--kind)' }} /><KindMark kind={k} text /> {kinds[k].label}</div>)}</div>
      </Section>
      <Section title="Marks">
        <div class="row">{(['running', 'success', 'error', 'incomplete'] as const).map((s) => <StatusMark key={s} status={s} text />)}<Chip>tag</Chip><Chip>environment: production</Chip></div>
      </Section>
      <Section title="Figures">
        <div class="table-wrap" tabIndex={0} role="region" aria-label="Figures"><table class="table guide-table"><tbody>
          <tr><td>duration</td>{[812, 3_240_000, 1_840_000_000, 125e9, -1].map((n) => <td key={n} class="num">{duration(n)}</td>)}</tr>
          <tr><td>count, short</td>{[0, 950, 12345].map((n) => <td key={n} class="num">{count(n)}</td>)}<td class="num">{short(12345)}</td><td class="num">{short(4_512_000)}</td></tr>
          <tr><td>cost, bytes, share</td><td class="num">{cost(0.0123)}</td><td class="num">{cost(12.5)}</td><td class="num">{cost(null)}</td><td class="num">{bytes(3e9)}</td><td class="num">{percent(0.0213)}</td></tr>
        </tbody></table></div>
      </Section>
      <Controls />
      <Section title="States">
        <Note>For your information.</Note>
        <Note kind="warn">Something to look at before it hurts.</Note>
        <Note kind="error">Something failed: what, and what to do.</Note>
        <Note kind="good">Done.</Note>
        <div class="panel"><Loading lines={3} /></div>
        <div class="panel"><Empty title="Nothing here"><p>What to do next.</p><Button look="primary">Do it</Button></Empty></div>
      </Section>
      <Section title="Icons">
        <div class="row guide-icons">{iconNames.map((n) => <span key={n} class="swatch"><Icon name={n} /> {n}</span>)}</div>
      </Section>
    </main>
  );
}

type Axis = 'time' | 'tokens' | 'cost';

function Controls() {
  const [open, setOpen] = useState<'' | 'dialog' | 'confirm'>('');
  const [text, setText] = useState('');
  const [choice, setChoice] = useState<Axis>('time');
  const [on, setOn] = useState(true);
  const [service, setService] = useState('');
  return (
    <Section title="Controls">
      <div class="row">
        <Button look="primary" onClick={() => setOpen('dialog')}>Primary</Button>
        <Button>Plain</Button>
        <Button look="quiet">Quiet</Button>
        <Button look="danger" icon="trash" onClick={() => setOpen('confirm')}>Delete</Button>
        <Button disabled>Disabled</Button>
        <Button icon="filter" label="With an icon alone" />
        <Button small>Small</Button>
        <CopyButton text="copied">Copy</CopyButton>
        <Popover label="Opens a panel" text="Popover">{(close) => <button class="menu-item" onClick={close}>An action</button>}</Popover>
      </div>
      <div class="row">
        <Segmented<Axis> label="Axis" value={choice} options={[['time', 'Time'], ['tokens', 'Tokens'], ['cost', 'Cost']]} onChoice={setChoice} />
        <CheckField label="A choice" checked={on} onCheck={setOn} />
      </div>
      <div class="guide-fields">
        <TextField label="Name" value={text} placeholder="checkout-api" hint="Letters, digits, dashes." onText={setText} />
        <TextField label="Wrong" value="?" error="A name has letters, digits and dashes only." onText={() => {}} />
        <SelectField<Axis> label="Axis" value={choice} options={[['time', 'Time'], ['tokens', 'Tokens'], ['cost', 'Cost']]} onChoice={setChoice} />
        <Combobox label="Service, with suggestions" value={service} onValue={setService} suggest={async (prefix) => ['checkout', 'planner', 'search'].filter((s) => s.startsWith(prefix))} />
      </div>
      {open === 'dialog' && <Dialog title="A dialog" onClose={() => setOpen('')}><p>Escape, the cross and a click beside it close it.</p></Dialog>}
      {open === 'confirm' && <Confirm title="Delete it?" action="Delete" onConfirm={() => setOpen('')} onClose={() => setOpen('')}><p>What will be gone, in figures.</p></Confirm>}
    </Section>
  );
}

const Section = ({ title, children }: { title: string; children: ComponentChildren }) => <section class="stack"><h2>{title}</h2>{children}</section>;
