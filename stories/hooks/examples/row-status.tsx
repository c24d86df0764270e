import { useRowStatus } from 'tidemark';

export function RowMark({ id }: { readonly id: string }) {
  return (
    <p role="status">
      {id} is {useRowStatus('issue', id)}
    </p>
  );
}
