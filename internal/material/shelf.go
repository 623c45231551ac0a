package material

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

const (
	// kept is how long what an object says is taken to be so: what is rotated is used
	// soon after that.
	kept = 30 * time.Second
	// denied is the same for an object that gives nothing, or cannot be read.
	denied = 2 * time.Second
	// idle is after how long what nobody asks for is forgotten.
	idle = 10 * time.Minute
	// limit is how long the API server may take.
	limit = 10 * time.Second
)

// shelf holds what objects of one kind give.
type shelf[T any] struct {
	kind string
	now  func() time.Time
	// read asks the API server, and understands what it says. An error that is not the
	// API server's is about the object.
	read func(ctx context.Context, key model.Key) (T, error)
	// none is the error for an object that does not exist, forbidden for one that may
	// not be read. Both are for a person.
	none, forbidden func(key model.Key) error

	mu    sync.Mutex
	known map[model.Key]*item[T]
}

// item is what one object gives.
type item[T any] struct {
	value T
	err   error
	// has is whether value is one: then it holds until another answer comes.
	has bool
	// until is for how long that is so. Zero before the first answer.
	until time.Time
	// asking is closed when the question that is under way has its answer; nil if
	// there is none.
	asking chan struct{}
}

// get returns what an object gives. Of those who ask at once one asks the API server;
// all wait for it only where nothing is known that would do.
func (s *shelf[T]) get(ctx context.Context, key model.Key) (T, error) {
	i, asking := s.look(ctx, key)
	if asking != nil {
		select {
		case <-asking:
			i = s.answer(key)
		case <-ctx.Done():
			return i.value, fmt.Errorf("read %s %s: %w", s.kind, key, ctx.Err())
		}
	}
	return i.value, i.err
}

// peek returns what an object gave when it was last read, and has it read anew where that
// is old.
func (s *shelf[T]) peek(key model.Key) (T, error) {
	i, asking := s.look(context.Background(), key)
	if asking == nil {
		return i.value, i.err
	}
	if i = s.answer(key); i.until.IsZero() {
		return i.value, ErrNotYet
	}
	return i.value, i.err
}

// look returns what is known of an object, or else what to wait for.
func (s *shelf[T]) look(ctx context.Context, key model.Key) (item[T], <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	i := s.known[key]
	if i == nil {
		s.forget(now)
		i = &item[T]{}
		s.known[key] = i
	}
	if now.Before(i.until) {
		return *i, nil
	}
	if i.asking == nil {
		i.asking = make(chan struct{})
		go s.ask(context.WithoutCancel(ctx), key, i)
	}
	if i.until.IsZero() || i.err != nil {
		return item[T]{}, i.asking
	}
	return *i, nil
}

func (s *shelf[T]) answer(key model.Key) item[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.known[key]; i != nil {
		return *i
	}
	return item[T]{err: fmt.Errorf("read %s %s: it took too long", s.kind, key)}
}

// forget drops what nobody has asked for in a long time.
func (s *shelf[T]) forget(now time.Time) {
	for key, i := range s.known {
		if i.asking == nil && now.Sub(i.until) > idle {
			delete(s.known, key)
		}
	}
}

// ask reads the object.
func (s *shelf[T]) ask(ctx context.Context, key model.Key, i *item[T]) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, err := s.read(ctx, key)

	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { close(i.asking); i.asking = nil }()
	i.until = s.now().Add(denied)
	var nothing T
	switch {
	case err == nil:
		i.value, i.err, i.has, i.until = value, nil, true, s.now().Add(kept)
	case apierrors.IsNotFound(err):
		i.value, i.err, i.has = nothing, s.none(key), false
	case apierrors.IsForbidden(err):
		// It does not repeat what the API server says, which has names of no interest.
		i.value, i.err, i.has = nothing, s.forbidden(key), false
	case convert.IsLack(err):
		i.value, i.err, i.has = nothing, err, false
	case !i.has:
		i.err = fmt.Errorf("read %s %s: %w", s.kind, key, err)
	}
}
