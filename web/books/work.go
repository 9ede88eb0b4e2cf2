package books

import (
	"context"
	"errors"
	"time"
)

// How the background looks for work: this often, so many payouts at once, and a month again at the earliest after this long.
const (
	workEvery  = 2 * time.Second
	workRest   = time.Minute // after a failure
	bookAtOnce = 300
	checkEvery = time.Minute
	checkMost  = 20
)

// Wake has the background look for work at once.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run books what ended before there were books, reads reports and checks months until ctx ends. Only one process a database may.
func (s *Service) Run(ctx context.Context) {
	for {
		pause := workEvery
		if err := s.Work(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "keep the books", "err", err)
			pause = workRest
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		case <-s.wake:
		}
	}
}

// Work does once what Run does again and again.
func (s *Service) Work(ctx context.Context) error {
	for {
		n, err := s.Repo.BookSome(ctx, bookAtOnce)
		if err != nil {
			return err
		}
		if n < bookAtOnce {
			break
		}
	}
	waiting, err := s.Repo.Waiting(ctx)
	for _, r := range waiting {
		err = errors.Join(err, s.read(ctx, r))
	}
	keys, listErr := s.Repo.Unchecked(ctx, s.Now().Add(-checkEvery), checkMost)
	err = errors.Join(err, listErr)
	for _, k := range keys {
		if ctx.Err() != nil {
			break
		}
		err = errors.Join(err, s.check(ctx, k))
	}
	return err
}
