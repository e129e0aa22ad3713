import { Anchor, Button, NavLink } from "@mantine/core";
import type { AnchorProps, ButtonProps, NavLinkProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

// Mantine's looks with the router's typed addresses.

type Native<Props> = Props &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Props> & { ref?: Ref<HTMLAnchorElement> };

export const TextLink = createLink((props: Native<AnchorProps>) => <Anchor {...props} />);
export const ButtonLink = createLink((props: Native<ButtonProps>) => <Button component="a" {...props} />);
/** The router marks the link of the present screen with `data-status="active"`. */
export const NavItem = createLink((props: Native<NavLinkProps> & { "data-status"?: string }) => (
  <NavLink {...props} active={props["data-status"] === "active"} />
));
/** One of a list beside what is chosen from it, which is marked by `active`. */
export const ChoiceLink = createLink((props: Native<NavLinkProps>) => <NavLink {...props} />);
