// What the parts of the page are made of.
import type { ComponentChildren } from 'preact';
import { count } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { falling, reasonOf, type Account, type Term } from './account';

/** received 10 = stored 9 + repeated 0 + rejected 1, and whether it holds. */
export function Equation({ of, explain }: { of: Account; explain?: boolean }) {
  const side = (terms: Term[]) => terms.map((t, i) => <>{i > 0 && <span class="op">+</span>}<span class={t.n ? 'term' : 'term none'} title={t.about}><b>{count(t.n)}</b> {t.name}</span></>);
  return (
    <>
      <p class="equation">{side(of.left)}<span class="op">=</span>{side(of.right)}<Balance difference={of.difference} /></p>
      {explain && <p class="hint">{[...of.left, ...of.right].map((t) => <span key={t.name}><b>{t.name}</b>: {t.about}. </span>)}</p>}
    </>
  );
}

export function Balance({ difference }: { difference: number }) {
  return difference === 0
    ? <span class="status success"><Icon name="ok" />balanced</span>
    : <span class="status error"><Icon name="error" />{count(Math.abs(difference))} {difference > 0 ? 'unaccounted for' : 'too many accounted for'}</span>;
}

export function Fact({ name, about, children, wrong }: { name: string; about: string; children: ComponentChildren; wrong?: boolean }) {
  return <div class="fact"><dt>{name}</dt><dd class={wrong ? 'amount wrong' : 'amount'}>{wrong && <Icon name="error" label="look at this" />} {children}</dd><dd class="hint">{about}</dd></div>;
}

export function Rejected({ by }: { by: { [key: string]: number } }) {
  const all = falling(by);
  if (!all.length) return <p class="muted">Nothing was rejected.</p>;
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label="Rejected, by reason">
      <table class="table reasons">
        <thead><tr><th scope="col">Reason</th><th scope="col" class="num">Rejected</th><th scope="col">What it means</th><th scope="col">What to do</th></tr></thead>
        <tbody>{all.map(([code, n]) => <tr key={code}><td><code>{code}</code></td><td class="num">{count(n)}</td><td>{reasonOf(code)[0]}</td><td>{reasonOf(code)[1]}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

export const Section = ({ id, title, aside, children }: { id: string; title: string; aside?: ComponentChildren; children: ComponentChildren }) => (
  <section class="panel" aria-labelledby={id} id={id + '-part'}>
    <header class="panel-head"><h2 id={id} class="grow">{title}</h2>{aside}</header>
    <div class="panel-body stack">{children}</div>
  </section>
);
