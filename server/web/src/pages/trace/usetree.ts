// The tree of a trace with what is open in it.
import { useMemo, useRef, useState } from 'preact/hooks';
import type { TraceModel } from './model';
import { buildTree, failing, reveal, toggle, toggleAll, visible } from './tree';

export function useTree(model: TraceModel, onlyErrors: boolean) {
  const nodes = useMemo(() => buildTree(model.rows), [model.rows]);
  const [state, setToggled] = useState<ReadonlySet<string>>(new Set());
  const folds = useRef<Set<string> | null>(null);
  // Siblings that become many enough to fold while somebody reads them stay as they are.
  const toggled = useMemo(() => {
    const old = folds.current;
    const now = nodes.filter((n) => n.group === 'fold').map((n) => n.key);
    folds.current = new Set(now);
    const fresh = old ? now.filter((key) => !old.has(key)) : [];
    if (fresh.length === 0) return state;
    const next = new Set([...state, ...fresh]);
    setToggled(next);
    return next;
  }, [nodes, state]);
  const seen = useMemo(() => visible(nodes, toggled, onlyErrors ? failing(nodes) : undefined), [nodes, toggled, onlyErrors]);
  const [allOpen, setAllOpen] = useState(true);
  return {
    nodes, seen, toggled, allOpen,
    toggle: (key: string) => {
      const next = new Set(toggled);
      toggle(next, key);
      setToggled(next);
    },
    toggleAll: () => {
      setAllOpen(!allOpen);
      setToggled(toggleAll(nodes, !allOpen));
    },
    reveal: (key: string) => setToggled(reveal(nodes, toggled, nodes.findIndex((n) => n.key === key))),
  };
}
