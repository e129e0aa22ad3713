import { AppShell, Burger, Center, Group, Loader, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Outlet, redirect, useLocation, useRouter, type ParsedLocation } from "@tanstack/react-router";
import { Suspense, useEffect } from "react";
import { cache } from "../api/cache";
import { sessionQuery, type Session } from "../api/session";
import { ColorSchemeToggle } from "../ui/ColorSchemeToggle";
import { Navigation } from "./Navigation";
import { SignOut } from "./SignOut";
import { TenantSwitcher } from "./TenantSwitcher";

/** Before anything that needs somebody signed in: leads to sign-in, and from there back to where one wanted to go. */
export async function requireSession({ location }: { location: ParsedLocation }): Promise<void> {
  const session = await cache.query({ ...sessionQuery, staleTime: "static" });
  if (session === null) throw redirect({ to: "/sign-in", search: { next: location.href }, replace: true });
}

/** What is around every screen but sign-in. */
export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  const router = useRouter();
  // The session has ended, here or at the server: `requireSession` is asked anew.
  useEffect(() => {
    if (session === null) void router.invalidate();
  }, [session, router]);

  return session ? <Frame session={session} /> : <Waiting />;
}

function Frame({ session }: { session: Session }) {
  const [opened, { toggle, close }] = useDisclosure();
  const pathname = useLocation({ select: (location) => location.pathname });
  useEffect(close, [pathname, close]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 210, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? "Close navigation" : "Open navigation"}
            />
            <Text fw={700} visibleFrom="xs">
              Posthaste
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {session.actor === "operator" && <TenantSwitcher />}
            <ColorSchemeToggle />
            <SignOut />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Screens">
        <Navigation operator={session.actor === "operator"} />
      </AppShell.Navbar>
      <AppShell.Main>
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </AppShell.Main>
    </AppShell>
  );
}

export function Waiting() {
  return (
    <Center mih="50vh" role="status" aria-label="Loading">
      <Loader />
    </Center>
  );
}
