// The page of one trace of a project.
import { useMemo } from 'preact/hooks';
import { navigate, route } from '../../app/router';
import { fromProject } from './source';
import { TraceView } from './view';

export function TracePage() {
  const { project = '', trace = '', span = '' } = route.value.params;
  const source = useMemo(() => fromProject(project, trace), [project, trace]);
  const select = (id: string, replace?: boolean) => navigate(source.href(id) + location.search, { replace, keepScroll: true });
  return <div class="trace-page"><TraceView key={source.key} source={source} spanId={span} onSelect={select} /></div>;
}
