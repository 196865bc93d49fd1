/** `?` shows what the keys do. */
import { useEffect, useRef } from 'preact/hooks';

const KEYS = [
  ['/', 'search the catalogue; ↓ ↑ go through it, Enter opens'],
  ['← → ↑ ↓', 'go through the cells of a table'],
  ['Home End', 'first and last cell of the row; with Ctrl of the table'],
  ['Enter', 'open the cell'],
  ['Space', 'pause the newest events'],
  ['Esc', 'close what is open'],
  ['?', 'this sheet'],
] as const;

export function KeyboardSheet() {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.target instanceof HTMLTextAreaElement;
      if (event.key !== '?' || isTyping) return;
      event.preventDefault();
      if (box.current?.open === true) box.current.close();
      else box.current?.showModal();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <dialog ref={box} class="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl>
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
