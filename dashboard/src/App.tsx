import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useMemo, type ReactNode } from "react";
import { cache } from "./api/cache";
import type { router as appRouter } from "./routes/index";
import { useBrand } from "./ui/brand";
import { colorSchemeManager } from "./ui/colorScheme";
import { readableVariables } from "./ui/contrast";
import { themeIn } from "./ui/theme";
import "./ui/theme.css";

export function App({ router }: { router: typeof appRouter }) {
  return (
    <StrictMode>
      <QueryClientProvider client={cache}>
        <Looks>
          <Notifications position="bottom-right" />
          <ModalsProvider>
            <RouterProvider router={router} />
          </ModalsProvider>
        </Looks>
      </QueryClientProvider>
    </StrictMode>
  );
}

function Looks({ children }: { children: ReactNode }) {
  const { primary_color } = useBrand();
  return (
    <MantineProvider
      env={import.meta.env.MODE === "test" ? "test" : "default"}
      theme={useMemo(() => themeIn(primary_color), [primary_color])}
      cssVariablesResolver={readableVariables}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
    >
      {children}
    </MantineProvider>
  );
}
