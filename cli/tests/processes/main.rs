//! The program as processes of its own: killed, stopped and listened to.

mod canaries;
mod certificates;
mod crash;
mod master_key;
mod support;
mod telling;
