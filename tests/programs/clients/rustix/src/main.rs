use rustix::net::*;
use std::io::Read;
fn main() {
    let port = std::env::args().nth(1).unwrap().parse().unwrap();
    let socket = socket(AddressFamily::INET, SocketType::STREAM, Protocol::TCP).unwrap();
    match connect_v4(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)) {
        Ok(()) => println!("connected"),
        Err(error) => println!("{error}"),
    }
    let _ = std::io::stdin().read(&mut [0]);
}
