/** Keys and what they do, for the dialogs that list them. */
export function KeyList({ rows }: { rows: readonly [string[], string][] }) {
  return (
    <dl className="keys">
      {rows.map(([names, what]) => (
        <div key={what}>
          <dt>
            {names.map((name) => (
              <kbd key={name}>{name}</kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
