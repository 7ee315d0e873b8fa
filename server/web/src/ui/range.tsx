// The choice of a stretch of time, which the URL keeps.
import { useState } from 'preact/hooks';
import { query, setQuery } from '../app/router';
import { fromLocal, lasts, rangeLabel, rangeOf, rangeParams, shift, toLocal, type Range } from '../lib/range';
import { Button } from './button';
import { Segmented, TextField } from './field';
import { Popover } from './menu';

export const setRange = (r: Range) => setQuery({ ...rangeParams(r), cursor: null });

export function RangeChoice() {
  const range = rangeOf(query.value);
  return (
    <div class="row range-choice">
      <Segmented<string> label="Time range" value={range.last} options={lasts} onChoice={(last) => setRange({ last, from: '', to: '' })} />
      <Popover icon="clock" label="Other times" text={range.last ? 'Custom' : rangeLabel(range)} align="right" active={!range.last}>
        {(close) => <Custom range={range} close={close} />}
      </Popover>
      <Button icon="left" label="Earlier" onClick={() => setRange(shift(range, -1, Date.now()))} />
      <Button icon="right" label="Later" disabled={!range.to} onClick={() => setRange(shift(range, 1, Date.now()))} />
    </div>
  );
}

function Custom({ range, close }: { range: Range; close(): void }) {
  const [from, setFrom] = useState(toLocal(range.from));
  const [to, setTo] = useState(toLocal(range.to));
  const wrong = from && to && from >= to ? 'The start must be before the end.' : '';
  const apply = (e: Event) => {
    e.preventDefault();
    if (wrong) return;
    setRange({ last: '', from: fromLocal(from), to: fromLocal(to) });
    close();
  };
  return (
    <form class="stack" onSubmit={apply}>
      <TextField label="From (local time)" type="datetime-local" value={from} onText={setFrom} />
      <TextField label="To" type="datetime-local" value={to} onText={setTo} error={wrong} hint="Empty is now." />
      <Button look="primary" type="submit" disabled={!from && !to}>Show</Button>
    </form>
  );
}
