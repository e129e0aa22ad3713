import { AppShell, Burger, Center, Group, Loader } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import {
  Navigate,
  Outlet,
  redirect,
  useLocation,
  useMatches,
  useRouter,
  type ParsedLocation,
} from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { cache } from "../api/cache";
import { inPortal } from "../api/portal";
import { followLinks, sessionQuery, type Session } from "../api/session";
import { LinkEnded } from "../features/portal/LinkEnded";
import { ColorSchemeToggle } from "../ui/ColorSchemeToggle";
import { ProblemAlert } from "../ui/ProblemAlert";
import { Brand } from "./Brand";
import { Navigation } from "./Navigation";
import { NotAllowed } from "./NotAllowed";
import { mayOpen, screenAt, screens } from "./screens";
import { SignOut } from "./SignOut";
import { TenantSwitcher } from "./TenantSwitcher";

/**
 * Before anything that needs somebody signed in: leads to sign-in, and from there back to where one wanted to go.
 * The portal has no sign-in: the shell tells of a link that leads nowhere.
 */
export async function requireSession({ location }: { location: ParsedLocation }): Promise<void> {
  const session = await cache.query({ ...sessionQuery, staleTime: "static" });
  if (session === null && !inPortal())
    throw redirect({ to: "/sign-in", search: { next: location.href }, replace: true });
}

/** What is around every screen but sign-in. */
export function Shell() {
  const { data: session, isError, error, refetch } = useQuery(sessionQuery);
  const router = useRouter();
  // The session has ended, here or at the server: `requireSession` is asked anew.
  useEffect(() => {
    if (session === null && !inPortal()) void router.invalidate();
  }, [session, router]);
  // Another link into the portal begins with new screens: they may remember what they were told, a secret at worst.
  const [links, setLinks] = useState(0);
  useEffect(() => {
    if (!inPortal()) return;
    return followLinks(() => {
      modals.closeAll();
      notifications.clean();
      setLinks((before) => before + 1);
    });
  }, []);

  if (session) return <Frame key={links} session={session} />;
  if (session === null && inPortal()) return <LinkEnded />;
  return isError ? <ProblemAlert error={error} retry={() => void refetch()} /> : <Waiting />;
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
            <Brand />
          </Group>
          <Group gap="xs" wrap="nowrap">
            {session.actor === "operator" && <TenantSwitcher />}
            <ColorSchemeToggle />
            <SignOut />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Screens">
        <Navigation session={session} />
      </AppShell.Navbar>
      <AppShell.Main>
        <Allowed session={session} />
      </AppShell.Main>
    </AppShell>
  );
}

function Allowed({ session }: { session: Session }) {
  // The screen that would be drawn: while another is loaded, the address is that one's already.
  const path = useMatches({ select: (matches) => matches.at(-1)?.fullPath });
  const at = path === undefined ? undefined : screenAt(path);
  if (at === undefined || mayOpen(session, at)) {
    return (
      <Suspense fallback={<Waiting />}>
        <Outlet />
      </Suspense>
    );
  }
  // It is where one is led, not where one wanted to go.
  const first = screens.find((screen) => mayOpen(session, screen));
  if (at.to === "/" && first !== undefined) return <Navigate to={first.to} replace />;
  return <NotAllowed {...at} />;
}

export function Waiting() {
  return (
    <Center mih="50vh" role="status" aria-label="Loading">
      <Loader />
    </Center>
  );
}
