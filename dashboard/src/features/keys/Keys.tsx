import { Text } from "@mantine/core";
import { useTenant } from "../../routes/tenant";
import { PageHead } from "../../ui/PageHead";
import { KeyList } from "./KeyList";

/** The API keys of the tenant that is looked at. */
export function Keys() {
  const tenant = useTenant();
  return (
    <>
      <PageHead title="Keys" />
      {tenant === undefined ? (
        <Text>Keys are each of one tenant: choose it in the header.</Text>
      ) : (
        <KeyList key={tenant} tenant={tenant} />
      )}
    </>
  );
}
