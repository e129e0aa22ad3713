const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** An instant in the reader's time zone, as text. */
export function instantText(at: string | number): string {
  return shown.format(new Date(at));
}

/** An instant in the reader's time zone; pointing at it tells it in UTC, as it stands in logs. */
export function When({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return "–";
  return (
    <time dateTime={at} title={at} style={{ whiteSpace: "nowrap" }}>
      {instantText(at)}
    </time>
  );
}
