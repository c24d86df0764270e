/** What had the focus, and where it stood: an element that is gone does not know any more. */
interface Place {
  readonly element: HTMLElement;
  readonly label: string;
  /** From its parent outwards. */
  readonly around: readonly HTMLElement[];
}

const REMEMBERED = 6;
/** So long a button may rest before something else gets the focus. */
const PATIENCE_MS = 2_000;
const FOCUSABLE = 'button, input, select, textarea, summary, [tabindex]';

/**
 * Who uses the keyboard stays where they work. When what has the focus goes away (a question was answered, a row has left, a
 * button rests while its action runs), the browser gives the focus to nobody, and the next Tab begins at the top of the page. Here it comes
 * back: to the same button when it works again, else to what had it before, else to the region around.
 *
 * A focus that a person moves out of the panel is left alone.
 */
export function keepFocus(root: HTMLElement): () => void {
  const trail: Place[] = [];
  const onFocusIn = ({ target }: FocusEvent) => {
    // The panel may stand in a window with classes of its own: what takes the focus in it is HTML or the icon of a button.
    const element = target as HTMLElement;
    trail.push({ element, label: labelOf(element), around: ancestorsOf(element, root) });
    if (trail.length > REMEMBERED) trail.shift();
  };
  const onFocusOut = ({ target, relatedTarget }: FocusEvent) => {
    if (relatedTarget !== null) return;
    // Browsers tell of it while the element is being taken away. What is still there afterwards was left by a person.
    queueMicrotask(() => {
      if (canTake(target as HTMLElement)) trail.length = 0;
    });
  };
  let patience: ReturnType<typeof setTimeout> | undefined;
  const restore = (isPatient: boolean) => {
    clearTimeout(patience);
    if (trail.length === 0 || isInUse(root)) return;
    const next = successorOf(trail, isPatient);
    if (next === 'resting') {
      patience = setTimeout(restore, PATIENCE_MS, false);
      return;
    }
    trail.length = 0;
    next?.focus();
  };
  const observer = new MutationObserver(() => restore(true));
  root.addEventListener('focusin', onFocusIn);
  root.addEventListener('focusout', onFocusOut);
  observer.observe(root, { childList: true, subtree: true, attributeFilter: ['disabled', 'data-has-detail'] });
  return () => {
    observer.disconnect();
    clearTimeout(patience);
    root.removeEventListener('focusin', onFocusIn);
    root.removeEventListener('focusout', onFocusOut);
  };
}

/** Whether something has the focus already: in the panel, or elsewhere on the page. */
function isInUse(root: HTMLElement): boolean {
  // In a window of its own the tree is made of that window's classes: what it is cannot be asked by those of this one.
  const tree = root.getRootNode() as Node & Partial<DocumentOrShadowRoot>;
  if (tree !== root.ownerDocument && tree.activeElement) return true;
  const { activeElement, body } = root.ownerDocument;
  return activeElement !== null && activeElement !== body;
}

/** Who waits gets the button again that rests while its action runs. */
function successorOf(trail: readonly Place[], isPatient: boolean): HTMLElement | 'resting' | null {
  for (const { element, label, around } of [...trail].reverse()) {
    if (canTake(element)) return element;
    if (isPatient && canShow(element)) return 'resting';
    const twin = twinIn(around.find(canShow), { element, label });
    if (twin) return twin;
  }
  return trail.at(-1)?.around.find((one) => canTake(one) && one.tabIndex >= 0) ?? null;
}

/** The same button again, made anew: one that asks a question makes room for it, and comes back afterwards. */
function twinIn(place: HTMLElement | undefined, { element, label }: Omit<Place, 'around'>): HTMLElement | null {
  if (!place || label === '') return null;
  const all = [...place.querySelectorAll<HTMLElement>(FOCUSABLE)];
  return all.find((one) => one.tagName === element.tagName && canTake(one) && labelOf(one) === label) ?? null;
}

function labelOf(element: HTMLElement): string {
  return element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '';
}

function ancestorsOf(element: HTMLElement, root: HTMLElement): HTMLElement[] {
  const ancestors: HTMLElement[] = [];
  for (let one = element.parentElement; one; one = one === root ? null : one.parentElement) ancestors.push(one);
  return ancestors;
}

function canShow(element: HTMLElement): boolean {
  return element.isConnected && element.checkVisibility();
}

function canTake(element: HTMLElement): boolean {
  return canShow(element) && !element.matches(':disabled');
}
