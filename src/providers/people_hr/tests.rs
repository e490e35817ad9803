//! People HR over a real socket: a server that plays scripted answers.
