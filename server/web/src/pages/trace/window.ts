// Which rows are in sight. Only these are in the document, however many there are.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export const rowHeight = 24;
const overscan = 8;

/** Browsers cap the height of an element; beyond this, scrolling goes through the rows by ratio. */
const tallest = 500_000 * rowHeight;

export interface Rows {
  first: number;
  /** Behind the last. */
  last: number;
  /** px from the top of the spacer to the first. */
  top: number;
  /** px of the spacer. */
  height: number;
}

export function rowsAt(scroll: number, view: number, count: number): Rows {
  const real = count * rowHeight;
  const height = Math.min(real, tallest);
  const at = height > view ? scroll * (real - view) / (height - view) : 0; // px that would be scrolled if nothing were capped
  const first = Math.min(Math.max(0, Math.floor(at / rowHeight) - overscan), Math.max(0, count - 1));
  const last = Math.min(count, Math.ceil((at + view) / rowHeight) + overscan);
  return { first, last, top: first * rowHeight - at + scroll, height };
}

/** Where to scroll to so that a row is in sight, moving as little as may be; in the middle where it is far away. */
export function scrollTo(index: number, scroll: number, view: number, count: number, head = 0): number {
  const real = count * rowHeight;
  const height = Math.min(real, tallest);
  const ratio = height > view ? (real - view) / (height - view) : 1;
  const at = scroll * ratio;
  const top = index * rowHeight;
  const near = top >= at - 3 * rowHeight && top <= at + view + 2 * rowHeight;
  const room = view - head;
  const want = top < at ? (near ? top : top - room / 2) : top + rowHeight > at + room ? (near ? top + rowHeight - room : top - room / 2) : at;
  return want === at ? scroll : Math.max(0, want / ratio);
}

/** Scrolling draws anew only every so many px, within what overscan covers. */
const coarse = 4 * rowHeight;
const stepped = (scroll: number, count: number) => (count * rowHeight > tallest ? scroll : Math.floor(scroll / coarse) * coarse);

/** Follows the scrolling of an element. */
export function useRows(count: number) {
  const ref = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<[number, number]>([1000, 600]);
  const [scroll, setScroll] = useState(0);
  useLayoutEffect(() => {
    const el = ref.current!;
    const measure = () => setSize([el.clientWidth, el.clientHeight]);
    const sizes = new ResizeObserver(measure);
    sizes.observe(el);
    measure();
    return () => sizes.disconnect();
  }, []);
  const rows = rowsAt(scroll, size[1] + coarse, count);
  const show = (index: number) => {
    const el = ref.current;
    if (!el || index < 0) return;
    const to = scrollTo(index, el.scrollTop, el.clientHeight, count);
    if (to === el.scrollTop) return;
    el.scrollTop = to;
    onScroll();
  };
  const onScroll = () => setScroll(stepped(ref.current!.scrollTop, count));
  return { ref, rows, width: size[0], show, onScroll };
}
