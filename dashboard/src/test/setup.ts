import { notifications } from "@mantine/notifications";
import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// Browsers have it, and text areas that grow listen to it.
Object.defineProperty(document, "fonts", { value: new EventTarget() });

afterEach(() => {
  cleanup();
  notifications.clean();
  vi.unstubAllGlobals();
});
