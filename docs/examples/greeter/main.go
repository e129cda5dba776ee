// Command greeter answers every request with the text of a file, which is read anew each time.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
)

func main() {
	listen := flag.String("listen", ":8090", "address to listen on")
	greeting := flag.String("greeting", "/etc/greeter/greeting", "file with the answer")
	flag.Parse()
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		text, err := os.ReadFile(*greeting)
		if err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.Write(text)
	})
	log.Fatal(http.ListenAndServe(*listen, nil))
}
