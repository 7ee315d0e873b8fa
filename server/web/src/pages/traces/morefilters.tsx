import { useState } from 'preact/hooks';
import { query } from '../../app/router';
import { Button } from '../../ui/button';
import { Combobox } from '../../ui/combobox';
import { SelectField, TextField } from '../../ui/field';
import { filter, valuesOf } from './filterbar';
import { millis, parseMillis, sortOf, type Sort } from './filters';

const properties = [['type', 'Span type'], ['model', 'Model'], ['user', 'User'], ['thread', 'Thread'], ['env', 'Environment']] as const;

/** Filters that are set more rarely. All but duration are about any span of a trace. */
export function MoreFilters({ project }: { project: string }) {
  const q = query.value;
  const addTag = (tag: string) => { if (tag) filter('tag', [...new Set([...q.getAll('tag'), tag])]); };
  return (
    <div class="more-filters">
      {properties.map(([key, label]) => <Combobox key={key} label={label} value={q.get(key) ?? ''} onValue={(v) => filter(key, v)} suggest={valuesOf(project, key)} />)}
      <Combobox key={'tag' + q.getAll('tag').length} label="Tag" placeholder="add" value="" onValue={addTag} suggest={valuesOf(project, 'tag')} />
      <Duration name="min_ms" label="Took at least" />
      <Duration name="max_ms" label="Took at most" />
      <Metadata project={project} />
      <SelectField<Sort> label="Order" value={sortOf(q)} options={[['start', 'Newest first'], ['duration', 'Longest first'], ['tokens', 'Most tokens first'], ['cost', 'Dearest first']]} onChoice={(v) => filter('sort', v === 'start' ? null : v)} />
    </div>
  );
}

function Duration({ name, label }: { name: string; label: string }) {
  const now = query.value.get(name);
  const [text, setText] = useState(now ? millis(Number(now)) : '');
  const ms = parseMillis(text);
  const type = (t: string) => {
    setText(t);
    const value = parseMillis(t);
    if (value !== null || t.trim() === '') filter(name, value === null ? null : String(value));
  };
  return <TextField label={label} placeholder="2 s, 500 ms" value={text} error={text.trim() && ms === null ? 'Such as 2 s or 500 ms' : undefined} onText={type} />;
}

function Metadata({ project }: { project: string }) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const add = () => {
    filter('meta.' + key, value);
    setKey('');
    setValue('');
  };
  return (
    <>
      <Combobox label="Metadata key" value={key} onValue={setKey} suggest={valuesOf(project, 'meta')} />
      <div class="metadata-value">
        <Combobox label="Metadata value" value={value} onValue={setValue} suggest={key ? valuesOf(project, 'meta.' + key) : async () => []} />
        <Button icon="plus" label="Add the metadata filter" disabled={!key || !value} onClick={add} />
      </div>
    </>
  );
}
