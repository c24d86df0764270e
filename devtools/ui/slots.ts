/** Room for lists that grow a little as they scroll: another count would make every row anew. */
const STEP = 16;

/** So many elements take turns in showing the rows of a long list: row `n` is shown by the element `n % slotCount`. */
export function slotCount(shownCount: number): number {
  return Math.max(1, Math.ceil(shownCount / STEP)) * STEP;
}
