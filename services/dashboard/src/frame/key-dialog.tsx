/** Asks for an API key when the service wants one; it is kept for this tab only. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { giveKey, hasKey } from '../data/service.ts';

export function KeyDialog() {
  const box = useRef<HTMLDialogElement>(null);
  const [key, setKey] = useState('');
  const [wasRefused] = useState(hasKey);
  useEffect(() => {
    box.current?.showModal();
  }, []);
  return (
    <dialog ref={box} class="key-dialog" aria-labelledby="key-title">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') giveKey(key.trim());
        }}
      >
        <h2 id="key-title">{wasRefused ? 'This key is not known' : 'These figures need a key'}</h2>
        <p>Whoever runs the service makes one; it is kept in this tab until you close it, and sent to this service only.</p>
        <label>
          Key
          <input type="password" autocomplete="off" value={key} onInput={({ currentTarget }) => setKey(currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          Show the figures
        </button>
      </form>
    </dialog>
  );
}
