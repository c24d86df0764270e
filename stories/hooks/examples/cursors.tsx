import { useCursors } from 'tidemark';

export function Scopes() {
  return (
    <ul>
      {useCursors().map(({ scope, cursor, head }) => (
        <li key={scope}>
          {scope}: {cursor?.seq ?? 0} of {head ?? 'unknown'}
        </li>
      ))}
    </ul>
  );
}
