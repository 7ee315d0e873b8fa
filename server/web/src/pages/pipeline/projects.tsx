import type { PipelineReply } from '../../api.gen';
import { to } from '../../app/router';
import { bytes, count } from '../../lib/format';
import { falling, reasonOf, received } from './account';
import { Balance, Section } from './parts';

type Project = PipelineReply['projects'][number];

const days = (ns: number) => (ns < 0 ? 'for ever' : `${count(Math.round(ns / 864e11))} days`);

/** What each project got and holds. */
export function Projects({ all }: { all: readonly Project[] }) {
  return (
    <Section id="projects" title="Projects" aside={<span class="muted">what reached the store since the server started; sizes are now</span>}>
      <div class="table-wrap" tabIndex={0} role="region" aria-label="Table of projects">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Project</th><th scope="col" class="num">Received</th><th scope="col" class="num">Stored</th><th scope="col" class="num">Repeated</th><th scope="col">Rejected</th><th scope="col">Account</th>
              <th scope="col" class="num">Size now</th><th scope="col" class="num">Limit</th><th scope="col" class="num">Days held</th><th scope="col" class="num">Keeps</th>
            </tr>
          </thead>
          <tbody>{all.map((p) => <Row key={p.project.id} p={p} />)}</tbody>
        </table>
      </div>
    </Section>
  );
}

function Row({ p }: { p: Project }) {
  const rejected = falling(p.rejected);
  const share = p.limits.keep_bytes > 0 ? p.bytes / p.limits.keep_bytes : 0;
  return (
    <tr>
      <th scope="row"><a href={to('p', p.project.name, 'traces')}>{p.project.name}</a></th>
      <td class="num">{count(p.received)}</td><td class="num">{count(p.stored)}</td><td class="num">{count(p.repeated)}</td>
      <td>{rejected.length ? rejected.map(([code, n]) => <div key={code} title={reasonOf(code).join(' ')}>{count(n)} <code>{code}</code></div>) : <span class="muted">none</span>}</td>
      <td><Balance difference={received(p).difference} /></td>
      <td class="num">{bytes(p.bytes)}{share > .9 && <div class="status error">{Math.round(share * 100)} % of the limit</div>}</td>
      <td class="num">{p.limits.keep_bytes < 0 ? 'none' : bytes(p.limits.keep_bytes)}</td>
      <td class="num" title={p.oldest ? `The oldest is ${p.oldest}` : undefined}>{count(p.days.length)}</td>
      <td class="num">{days(p.limits.keep_ns)}</td>
    </tr>
  );
}
