// The certified OpenID provider of ZITADEL's library, with its example's users, as a provider that
// Midwatch did not write. Arguments: port, redirect address. User: test-user@localhost, verysecure.
package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	port, redirect := os.Args[1], os.Args[2]
	issuer := fmt.Sprintf("http://localhost:%s/", port)
	storage.RegisterClients(storage.WebClient("web", "secret", redirect))
	kept := storage.NewStorage(storage.NewUserStore(issuer))
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	router := exampleop.SetupServer(issuer, kept, logger, false)
	if err := http.ListenAndServe("127.0.0.1:"+port, router); err != nil {
		logger.Error("ended", "error", err)
		os.Exit(1)
	}
}
