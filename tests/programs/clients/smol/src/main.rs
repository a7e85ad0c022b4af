use smol::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpStream};
fn main() {
    let server = std::env::args().nth(1).unwrap();
    smol::block_on(async {
        match TcpStream::connect(server).await {
            Ok(mut server) => {
                server.write_all(b"ping\n").await.unwrap();
                let mut answer = String::new();
                server.read_to_string(&mut answer).await.unwrap();
                print!("{answer}");
            }
            Err(error) => println!("{error}"),
        }
    })
}
