import { Card, Group, Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { binQuery, deleteBin, type Bin as Row } from "../../api/bins";
import { useAllowed } from "../../routes/allowed";
import { useApi } from "../../routes/tenant";
import { CopyText } from "../../ui/CopyText";
import { Facts } from "../../ui/Facts";
import { PageHead } from "../../ui/PageHead";
import { ProblemAlert } from "../../ui/ProblemAlert";
import { When } from "../../ui/When";
import { answerOf } from "./answer";
import { DeleteBin } from "./DeleteBin";
import { Requests } from "./Requests";

const route = getRouteApi("/shell/bins/$id");

/** One bin, and what it has recorded. */
export function Bin() {
  const { id } = route.useParams();
  const api = useApi();
  const navigate = route.useNavigate();
  const mayWrite = useAllowed("events:write");
  const bin = useQuery(binQuery(api, id));
  return (
    <>
      <PageHead title={bin.data ? `Bin ${bin.data.name}` : `Bin ${id}`}>
        {bin.data && mayWrite && (
          <DeleteBin run={() => deleteBin(api, id)} onDone={() => navigate({ to: "/bins" })} />
        )}
      </PageHead>
      {bin.isError && <ProblemAlert error={bin.error} retry={() => void bin.refetch()} />}
      {bin.isPending && <Skeleton height={200} />}
      {bin.data && (
        <Stack>
          <Told bin={bin.data} />
          <Requests key={id} bin={bin.data} />
        </Stack>
      )}
    </>
  );
}

function Told({ bin }: { bin: Row }) {
  return (
    <Card withBorder>
      <Facts
        facts={{
          Url: (
            <Group gap="xs">
              <span>{bin.url}</span>
              <CopyText label="Copy url" text={bin.url} />
            </Group>
          ),
          Answers: answerOf(bin),
          "Secret of its own": bin.has_secret ? "yes" : "no",
          Created: <When at={bin.created_at} />,
        }}
      />
    </Card>
  );
}
