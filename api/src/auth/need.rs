//! Scopes as types, so that a handler's signature says what it needs.

use domain::preferences::Scope;

/// A scope that a caller must have.
pub(crate) trait Need: 'static {
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident)+) => {$(
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;

        impl Need for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

needs! { EventsWrite EventsRead SubscriptionsRead SubscriptionsWrite DeliveriesRead DeliveriesWrite }
