//! One kept-alive connection of the generator: at most one request on its way, then its answer.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::wire::{Inbox, Message};

/// A socket, the request that is being written and what of the answer has come.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    written: usize,
    inbox: Inbox,
    /// The first event of the request that waits for its answer.
    pub(super) in_flight: Option<u32>,
}

impl Connection {
    /// Begins to connect. On one machine that is done at once, unless the server has too many waiting to be
    /// accepted; then the request waits for it, and the clock of its event runs.
    pub(super) fn open(target: SocketAddr, token: Token, registry: &Registry) -> io::Result<Self> {
        let mut stream = TcpStream::connect(target)?;
        stream.set_nodelay(true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let (out, inbox) = (Vec::with_capacity(1024), Inbox::default());
        Ok(Self { stream, out, written: 0, inbox, in_flight: None })
    }

    /// The buffer for the next request, empty.
    pub(super) fn request(&mut self) -> &mut Vec<u8> {
        self.out.clear();
        self.written = 0;
        &mut self.out
    }

    /// Writes as much as the socket takes; the rest follows when it is writable again.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what has come; an error means that the connection is of no more use.
    pub(super) fn read(
        &mut self,
        scratch: &mut [u8],
        mut answer: impl FnMut(Message<'_>),
    ) -> io::Result<()> {
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.inbox.take(&scratch[..read], &mut answer).map_err(io::Error::other)?;
            // A read that did not fill the buffer has emptied the socket: a later byte is a new edge.
            if read < scratch.len() {
                return Ok(());
            }
        }
    }
}
