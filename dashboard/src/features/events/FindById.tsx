import { Button, TextInput } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { kindOf, kinds, type Kind } from "../../lib/ids";

/** Goes to the page of whatever an id is of. */
export function FindById() {
  const { navigate } = useRouter();
  const [id, setId] = useState("");
  const [fault, setFault] = useState<string>();

  function go() {
    const found = kindOf(id.trim());
    if (found === null) {
      setFault(
        `That is no whole id of a kind that has a page: ${kinds.map((kind) => `${kind}_…`).join(", ")}`,
      );
      return;
    }
    void to(found, id.trim());
  }

  function to(kind: Kind, id: string) {
    const params = { id };
    switch (kind) {
      case "evt":
        return navigate({ to: "/events/$id", params });
      case "dlv":
        return navigate({ to: "/deliveries/$id", params });
      case "sub":
        return navigate({ to: "/subscriptions/$id", params });
      case "rpl":
        return navigate({ to: "/replays/$id", params });
      case "ten":
        return navigate({ to: "/tenants/$id", params });
      case "bin":
        return navigate({ to: "/bins/$id", params });
    }
  }

  return (
    <form
      role="search"
      aria-label="Find by id"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <TextInput
        label="Find by id"
        placeholder="evt_…, dlv_…, sub_…"
        value={id}
        error={fault}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setFault(undefined);
          setId(event.currentTarget.value);
        }}
        rightSectionWidth={64}
        rightSection={
          <Button type="submit" size="compact-sm" variant="light" disabled={id.trim() === ""}>
            Go
          </Button>
        }
      />
    </form>
  );
}
