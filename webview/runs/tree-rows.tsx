// The rows of an ARIA treegrid of which only those in sight exist. Arrow keys move, fold and unfold; one row is in the tab order.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface TreeRow {
  readonly key: string;
  /** From 1. */
  readonly level: number;
  /** Undefined for a row that has nothing under it. */
  readonly expanded?: boolean;
  readonly selected: boolean;
  readonly cells: readonly ComponentChildren[];
}

/** Levels that are told apart by indentation; deeper ones would leave no room for names, and `aria-level` still says them. */
const INDENTED = 6;

interface TreeRowsProps {
  readonly label: string;
  readonly columns: readonly string[];
  readonly count: number;
  readonly rowAt: (index: number) => TreeRow;
  readonly rowHeight: number;
  readonly headHeight: number;
  /** How far the rows are scrolled, and the height they are seen through, head included. */
  readonly top: number;
  readonly height: number;
  /** Scrolls so that a row can be seen. */
  readonly reveal: (index: number) => void;
  readonly choose: (index: number) => void;
  readonly toggle: (index: number) => void;
  readonly class: string;
}

export function TreeRows(props: TreeRowsProps) {
  const { count, rowAt, rowHeight, headHeight, top, height } = props;
  const grid = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const wanted = useRef(false);
  const current = Math.min(active, count - 1);
  useLayoutEffect(() => {
    if (!wanted.current) return;
    const row = grid.current?.querySelector<HTMLElement>(`[aria-rowindex="${current + 2}"]`);
    if (!row) return;
    wanted.current = false;
    row.focus({ preventScroll: true });
  });

  const go = (index: number): void => {
    const to = Math.max(0, Math.min(count - 1, index));
    wanted.current = true;
    setActive(to);
    props.reveal(to);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target as HTMLElement).matches('[role=row]')) return;
    const move = moveOf(event.key, current, count, rowAt, Math.max(1, Math.floor(height / rowHeight) - 2));
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (move === 'choose') props.choose(current);
    else if (move === 'toggle') props.toggle(current);
    else go(move);
  };

  const first = Math.max(0, Math.floor(top / rowHeight) - 1);
  const last = Math.min(count, Math.ceil((top + height - headHeight) / rowHeight) + 1);
  const shown = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  // The row that holds the focus stays in the page when it is scrolled away, or the keyboard would be lost.
  if (current >= 0 && (current < first || current >= last)) shown.push(current);
  return (
    <div ref={grid} class={`tree ${props.class}`} role="treegrid" aria-label={props.label} aria-rowcount={count + 1} onKeyDown={onKeyDown}>
      <div role="row" class="tree-head" aria-rowindex={1} style={{ blockSize: `${headHeight}px` }}>
        {props.columns.map((column) => <span role="columnheader" key={column}>{column}</span>)}
      </div>
      {shown.map((index) => {
        const row = rowAt(index);
        return (
          <div key={row.key} role="row" class={`tree-row${row.selected ? ' chosen' : ''}`} aria-rowindex={index + 2} aria-level={row.level} aria-expanded={row.expanded} aria-selected={row.selected}
            tabIndex={index === current ? 0 : -1} style={{ transform: `translateY(${headHeight + index * rowHeight - top}px)`, blockSize: `${rowHeight}px` }}
            onClick={() => { setActive(index); props.choose(index); }} onFocus={() => setActive(index)}>
            {row.cells.map((cell, column) => (
              <span role="gridcell" key={column} class={`cell cell-${column}`} style={column === 0 ? { paddingInlineStart: `${Math.min(row.level - 1, INDENTED) * 12 + 4}px` } : {}}>
                {column === 0 && <Twistie expanded={row.expanded} toggle={() => props.toggle(index)} />}{cell}
              </span>
            ))}
          </div>
        );
      })}
    </div>
  );
}

/** For the pointer only: the keyboard folds with the arrow keys. */
function Twistie({ expanded, toggle }: { expanded: boolean | undefined; toggle: () => void }) {
  if (expanded === undefined) return <span class="twistie" aria-hidden="true" />;
  return <span class={`twistie codicon codicon-chevron-${expanded ? 'down' : 'right'}`} aria-hidden="true" onClick={(event) => { event.stopPropagation(); toggle(); }} />;
}

/** What a key does in a treegrid (WAI-ARIA Authoring Practices, treegrid pattern, rows first). */
function moveOf(key: string, at: number, count: number, rowAt: (index: number) => TreeRow, page: number): number | 'choose' | 'toggle' | undefined {
  const row = rowAt(at);
  switch (key) {
    case 'ArrowDown': return at + 1;
    case 'ArrowUp': return at - 1;
    case 'Home': return 0;
    case 'End': return count - 1;
    case 'PageDown': return at + page;
    case 'PageUp': return at - page;
    case 'Enter': return 'choose';
    case ' ': return row.expanded === undefined ? 'choose' : 'toggle';
    case 'ArrowRight': return row.expanded === false ? 'toggle' : row.expanded ? at + 1 : at;
    case 'ArrowLeft': return row.expanded ? 'toggle' : parentOf(at, row.level, rowAt);
    default: return undefined;
  }
}

function parentOf(at: number, level: number, rowAt: (index: number) => TreeRow): number {
  for (let index = at - 1; index >= 0; index -= 1) if (rowAt(index).level < level) return index;
  return at;
}
