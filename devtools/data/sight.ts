/** Where a panel stands besides this page. */
const others = new Set<Document>();

/** A panel stands in the window of this document too, until the function that this gives back is called. */
export function standsIn(other: Document): () => void {
  others.add(other);
  return () => others.delete(other);
}

/** Whether nobody can see a panel. One in a window of its own may be looked at while the page lies behind it. */
export function isOutOfSight(): boolean {
  return document.hidden && [...others].every((one) => one.hidden);
}
