/** @file Tables that sort by a column: its button, by click or key, turns the order around. */
for (const table of document.querySelectorAll<HTMLTableElement>('table.sortable')) {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const body = table.tBodies[0];
  for (const [column, head] of heads.entries()) {
    head.querySelector('button')?.addEventListener('click', () => {
      if (body === undefined) return;
      const order = nextOrder(head);
      for (const each of heads) each.setAttribute('aria-sort', each === head ? order : 'none');
      body.append(...sorted([...body.rows], column, order));
    });
  }
}

/** The best comes first at the first click: the largest where larger is better. */
function nextOrder(head: HTMLTableCellElement): 'ascending' | 'descending' {
  const now = head.getAttribute('aria-sort');
  if (now === 'ascending') return 'descending';
  if (now === 'descending') return 'ascending';
  return head.dataset.direction === 'higher' ? 'descending' : 'ascending';
}

/** Rows without a value stay at the end. */
function sorted(
  rows: HTMLTableRowElement[],
  column: number,
  order: 'ascending' | 'descending',
): HTMLTableRowElement[] {
  const wordOf = (row: HTMLTableRowElement): string | undefined => row.cells[column]?.dataset.value;
  const sign = order === 'ascending' ? 1 : -1;
  return rows.sort((a, b) => {
    const [one, other] = [wordOf(a), wordOf(b)];
    if (one === undefined || other === undefined)
      return Number(one === undefined) - Number(other === undefined);
    return sign * (column === 0 ? one.localeCompare(other) : Number(one) - Number(other));
  });
}

export {};
