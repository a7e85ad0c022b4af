let () =
  let address = Unix.inet_addr_of_string Sys.argv.(1) in
  let input, output =
    Unix.open_connection (Unix.ADDR_INET (address, int_of_string Sys.argv.(2)))
  in
  output_string output "ping\n";
  flush output;
  print_string (input_line input)
