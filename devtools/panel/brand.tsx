/** Whose panel this is: the sea at two heights, and the name. */
export function Brand() {
  return (
    <h2 className="brand">
      <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" focusable="false">
        <rect width="16" height="16" rx="4.5" fill="currentColor" />
        <path d="M2.5 6.6q1.85-2 3.7 0t3.7 0 3.6 0" className="wave far" />
        <path d="M2.5 10.4q1.85-2 3.7 0t3.7 0 3.6 0" className="wave" />
      </svg>
      <span className="brand-name">tidemark</span>
    </h2>
  );
}
