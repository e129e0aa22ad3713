const KEPT = 8;

/** An id by its kind and its end, for tables: the beginning is the time, and alike in neighbours. */
export function ShortId({ id }: { id: string }) {
  const [kind, rest = ""] = id.split("_");
  const short = rest.length > KEPT ? `${kind ?? ""}_…${rest.slice(-KEPT)}` : id;
  return (
    <span title={id} style={{ whiteSpace: "nowrap" }}>
      {short}
    </span>
  );
}
