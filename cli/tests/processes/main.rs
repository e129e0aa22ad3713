//! The program as processes of its own: killed, stopped and listened to.

mod canaries;
mod certificates;
mod crash;
mod support;
mod telling;
