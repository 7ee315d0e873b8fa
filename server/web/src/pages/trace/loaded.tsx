// A trace that is here: its header, its views, and the panel of the span that is selected.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useShortcuts, type Shortcut } from '../../app/keys';
import { navigate, query, setQuery, tracePath } from '../../app/router';
import { Button } from '../../ui/button';
import { Segmented } from '../../ui/field';
import { axisModes, makeAxis, readZoom, writeZoom, zoomBy, type AxisMode, type Zoom } from './axis';
import { Hints } from './chips';
import { FindField, useFind } from './find';
import { Head } from './head';
import { useNow } from './load';
import type { TraceModel } from './model';
import { SpanPanel } from './panel/panel';
import type { TraceSource } from './source';
import { Splitter } from './split';
import { neighbours, useMeasure, useParam, useSelection } from './state';
import { SpanTable } from './table';
import { Thread } from './thread';
import { useTree } from './usetree';
import { Waterfall } from './waterfall';

type View = 'waterfall' | 'table' | 'thread';
const views: readonly (readonly [View, string])[] = [['waterfall', 'Waterfall'], ['table', 'Table'], ['thread', 'Thread']];

export function Loaded({ source, model, spanId, onSelect, children }: {
  source: TraceSource; model: TraceModel; spanId: string; onSelect(id: string, replace?: boolean): void; children: ComponentChildren;
}) {
  const [selected, select] = useSelection(spanId, onSelect);
  const [find, setFind] = useParam('find');
  const [errors, setErrors] = useParam('errors');
  const [axisName, setAxis] = useParam('axis');
  const [z, setZ] = useParam('z');
  const [panel, setPanel] = useMeasure('tailrace.trace.panel', 460);
  const [show, setShow] = useState<{ key: string } | null>(null);
  const [cursor, setCursor] = useState(selected);
  const focusFind = useRef(() => {});
  const view = views.find(([v]) => v === query.value.get('view'))?.[0] ?? 'waterfall';
  const mode = axisModes.find(([m]) => m === axisName)?.[0] ?? 'time';
  const text = find.trim().toLowerCase();
  const onlyErrors = errors !== '';
  const time = useNow(model);
  const tree = useTree(model, onlyErrors);
  const { nodes } = tree;
  const found = useFind(source, nodes, text);
  const axis = useMemo(() => makeAxis(mode, nodes, model.trace.duration_ns, time.now), [mode, nodes, model.trace.duration_ns, time.now]);
  const zoom = useMemo(() => readZoom(mode, z), [mode, z]);
  const setZoom = (next: Zoom | null) => setZ(writeZoom(mode, next) ?? '');
  const wide = innerWidth > 820;

  /** Brings a span into sight wherever it is, and shows it. */
  const jump = (id: string, open = true) => {
    if (!id) return;
    tree.reveal(id);
    setCursor(id);
    setShow({ key: id });
    if (open) select(id, selected !== '');
  };
  useLayoutEffect(() => {
    if (spanId && nodes.length > 0) jump(spanId, false);
  }, [spanId]);
  const at = found.list.indexOf(cursor);
  const step = (list: readonly string[], by: number) => jump(list[stepFrom(nodes, list, cursor, by)] ?? '', selected !== '' && wide);
  const failures = () => nodes.filter((n) => n.row?.status === 'error').map((n) => n.key);
  const close = () => select('');
  const near = neighbours(model.trace.trace_id);
  const project = source.project?.name;
  const goTo = (key: string, about: string, trace: string | undefined): Shortcut[] => (project && trace ? [{ key, about, run: () => navigate(tracePath(project, trace)) }] : []);
  useShortcuts([
    { key: '/', about: 'Find in this trace', run: () => focusFind.current() },
    { key: 'n', about: 'Next match', run: () => step(found.list, 1) },
    { key: 'N', about: 'Previous match', run: () => step(found.list, -1) },
    { key: 'e', about: 'Next failure', run: () => step(failures(), 1) },
    { key: 'E', about: 'Previous failure', run: () => step(failures(), -1) },
    { key: 'x', about: 'Close or open all rows', run: tree.toggleAll },
    { key: '+', about: 'Zoom in', run: () => setZoom(zoomBy(axis, zoom, 0.5)) },
    { key: '-', about: 'Zoom out', run: () => setZoom(zoomBy(axis, zoom, 2)) },
    { key: '0', about: 'Show the whole trace', run: () => setZoom(null) },
    { key: 'Escape', about: 'Close the span', run: close },
    ...goTo('[', 'Previous trace of the list', near.before),
    ...goTo(']', 'Next trace of the list', near.behind),
    // The waterfall handles these itself, for they mean something else in a field or a panel.
    { key: 'ArrowUp ArrowDown', about: 'Move in the waterfall', run: () => {} },
    { key: 'ArrowLeft ArrowRight', about: 'Close or open a row, go to its parent or child', run: () => {} },
  ]);

  const span = model.byId.get(selected);
  const shared = { selected, find: text, href: source.href };
  return (
    <section class="trace-view" style={{ '--panel': panel + 'px' }}>
      <Head source={source} model={model} time={time} selected={selected} onErrors={() => jump(failures()[0] ?? '')} onSpan={jump} />
      <Hints source={source} model={model} nodes={nodes} onSpan={jump} />
      {children}
      <div class="trace-bar">
        <Segmented<View> small label="View" value={view} options={views} onChoice={(v) => setQuery({ view: v === 'waterfall' ? null : v })} />
        <FindField text={find} onText={setFind} found={found} at={at} onStep={(by) => step(found.list, by)} focus={focusFind} />
        <Button small icon="error" aria-pressed={onlyErrors} class={onlyErrors ? 'active' : ''} onClick={() => setErrors(onlyErrors ? '' : 'only')}>Errors only</Button>
        <span class="grow" />
        {view === 'waterfall' && zoom && <Button small onClick={() => setZoom(null)} label="Show the whole trace (0)">Whole trace</Button>}
        {view === 'waterfall' && (
          <Segmented<AxisMode>
            small label="Lengths are" value={mode} options={axisModes}
            onChoice={(m) => {
              setAxis(m === 'time' ? '' : m);
              setZ('');
            }}
          />
        )}
      </div>
      <div class="trace-body">
        <div class="trace-main">
          {view === 'table' ? <SpanTable {...shared} model={model} now={time.now} keep={onlyErrors ? new Set(failures()) : text ? found.set : undefined} onSelect={select} />
            : view === 'thread' ? <Thread {...shared} source={source} model={model} now={time.now} onSelect={select} />
            : (
              <Waterfall
                {...shared} nodes={nodes} seen={tree.seen} toggled={tree.toggled} onToggle={tree.toggle} cursor={cursor} show={show} hits={found.set} axis={axis} zoom={zoom} onZoom={setZoom}
                label={`Spans of ${model.trace.name}`} onClose={close}
                onMove={(n, open) => {
                  setCursor(n.key);
                  if (n.row && (open || selected && wide)) select(n.key, !open);
                }}
                corner={<><span class="muted">{axis.hi > axis.lo ? `${tree.seen.length} rows` : `No ${mode} known in this trace`}</span><Button small look="quiet" label="Close or open all rows (x)" icon={tree.allOpen ? 'up' : 'down'} onClick={tree.toggleAll} /></>}
              />
            )}
        </div>
        {span && <Splitter label="Width of the span's panel" value={panel} min={300} max={1000} reverse onMove={setPanel} />}
        {span && <div class="trace-panel"><SpanPanel source={source} model={model} span={span} onSelect={jump} onClose={close} /></div>}
      </div>
    </section>
  );
}

/** The place in list that follows, or precedes, the cursor in the order of the tree; from the end it goes on at the start. */
function stepFrom(nodes: readonly { key: string }[], list: readonly string[], cursor: string, by: number): number {
  const here = list.indexOf(cursor);
  if (here >= 0) return (here + by + list.length) % list.length;
  const set = new Set(list);
  const before = nodes.slice(0, Math.max(nodes.findIndex((n) => n.key === cursor), 0)).filter((n) => set.has(n.key)).length;
  return by > 0 ? before % Math.max(list.length, 1) : (before - 1 + list.length) % Math.max(list.length, 1);
}
