require 'eventmachine'

class Client < EventMachine::Connection
	def connection_completed
		puts 'connected'
		send_data "ping\n"
	end

	def receive_data(data)
		print data
	end

	def unbind(reason = nil)
		puts "unbound: #{reason.inspect}"
		EventMachine.stop
	end
end

EventMachine.run { EventMachine.connect(ARGV[0], ARGV[1].to_i, Client) }
