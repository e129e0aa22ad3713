import { Group } from "@mantine/core";
import { apiOf } from "../../api/client";
import { reload } from "../../api/deliveries";
import { isOver, moveReplay, type Replay } from "../../api/replays";
import { ActionButton } from "../../ui/ActionButton";
import { useAllowed } from "../../routes/allowed";
import { useApi, useTenant } from "../../routes/tenant";

/** Holds a replay, lets it go on, or ends it. */
export function Acts({ replay }: { replay: Replay }) {
  const shown = useApi();
  const tenant = useTenant();
  const allowed = useAllowed("deliveries:write");
  // In a list of all tenants the act is for the row's tenant, and the list that shows it is loaded anew.
  const api = apiOf(replay.tenant_id ?? tenant);
  const move = (act: "pause" | "resume" | "cancel") =>
    moveReplay(api, replay.id, act).finally(() => reload(shown));
  if (isOver(replay) || !allowed) return null;
  return (
    <Group gap={4} wrap="nowrap">
      {replay.status === "running" ? (
        <ActionButton label="Pause" run={() => move("pause")} done="The replay is paused." />
      ) : (
        <ActionButton label="Resume" run={() => move("resume")} done="The replay goes on." />
      )}
      <ActionButton
        label="Cancel"
        color="red"
        confirm="What has not been attempted is cancelled; what has goes on with its retries."
        run={() => move("cancel")}
        done="The replay is cancelled."
      />
    </Group>
  );
}
