%% As escript(1) runs it.
main([Host, Port]) ->
    case gen_tcp:connect(Host, list_to_integer(Port), [binary, {active, false}]) of
        {ok, Socket} ->
            ok = gen_tcp:send(Socket, "ping\n"),
            io:format("~p~n", [gen_tcp:recv(Socket, 0)]);
        Error ->
            io:format("~p~n", [Error])
    end.
