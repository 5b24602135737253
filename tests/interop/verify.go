// Verifies what `uid-registry audit` hands out with the code of Go's checksum database
// (golang.org/x/mod/sumdb/note and tlog), which knows nothing of the program that made it.
//
// usage: verify VKEY inclusion FILE | verify VKEY consistency OLD-NOTE FILE | verify VKEY note FILE
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: verify VKEY inclusion|consistency|note FILE...")
	}
	verifier, err := note.NewVerifier(args[0])
	if err != nil {
		return err
	}
	last, err := os.ReadFile(args[len(args)-1])
	if err != nil {
		return err
	}
	switch args[1] {
	case "note":
		tree, err := checkpoint(last, verifier)
		if err == nil {
			fmt.Printf("a checkpoint of %d entries\n", tree.N)
		}
		return err
	case "inclusion":
		return inclusion(string(last), verifier)
	case "consistency":
		old, err := os.ReadFile(args[2])
		if err != nil {
			return err
		}
		return consistency(old, string(last), verifier)
	}
	return errors.New("unknown " + args[1])
}

// checkpoint opens a note and reads its text (c2sp.org/tlog-checkpoint).
func checkpoint(data []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the origin is %s", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// parts are the lines above the first empty one, and the checkpoint below it.
func parts(text string) ([]string, []byte) {
	head, rest, _ := strings.Cut(text, "\n\n")
	return strings.Split(head, "\n"), []byte(rest)
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}

// inclusion checks a proof as c2sp.org/tlog-proof has it, whose extra data is the entry.
func inclusion(text string, verifier note.Verifier) error {
	lines, signed := parts(text)
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is no proof")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	place, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	proof, err := hashes(lines[3:])
	if err != nil {
		return err
	}
	tree, err := checkpoint(signed, verifier)
	if err != nil {
		return err
	}
	// RecordHash is SHA-256(0x00 || record), the leaf hash of RFC 6962.
	if err := tlog.CheckRecord(tlog.RecordProof(proof), tree.N, tree.Hash, place, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("entry %x is at place %d of %d\n", sha256.Sum256(entry), place, tree.N)
	return nil
}

// consistency checks what c2sp.org/tlog-witness has posted to add-checkpoint.
func consistency(old []byte, text string, verifier note.Verifier) error {
	lines, signed := parts(text)
	before, err := checkpoint(old, verifier)
	if err != nil {
		return err
	}
	after, err := checkpoint(signed, verifier)
	if err != nil {
		return err
	}
	if lines[0] != fmt.Sprintf("old %d", before.N) {
		return errors.New("the proof is from another checkpoint")
	}
	proof, err := hashes(lines[1:])
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(tlog.TreeProof(proof), after.N, after.Hash, before.N, before.Hash); err != nil {
		return err
	}
	fmt.Printf("the trail of %d entries goes on from that of %d\n", after.N, before.N)
	return nil
}
