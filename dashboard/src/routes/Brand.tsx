import { Image, Text } from "@mantine/core";
import { useBrand } from "../ui/brand";

/** Whose pages these are, in the header. */
export function Brand() {
  const { name, logo_url } = useBrand();
  if (logo_url !== null) return <Image src={logo_url} alt={name} h={28} w="auto" maw={160} fit="contain" />;
  return (
    <Text fw={700} truncate visibleFrom="xs">
      {name}
    </Text>
  );
}
