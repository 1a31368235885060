/**
 * The words that may pass from a log line into a question to a model: those that daemons and operating systems use to tell what went
 * wrong. Whoever can write a log line can write any sentence; with these words he can at most tell of a fault that is not there, which
 * the probes will not confirm. None of the words that a prompt or an answer is made of (ignore, instruction, choose, action, ...) may be added.
 */
const WORDS = `
a about above abort aborted aborting accept accepted accepting access acquire acquired across active add added address addresses after again
age ago alert alive all allocate allocated allocation allow allowed already also alter an and another any append appended appendonly archive
are argument arguments array as at attempt attempted attempting attempts auth authenticate authentication authorization autovacuum available
average away back backend background backlog backup bad base be because been before beginning behind being below between big binary bind bit
bits block blocked blocking blocks body both broken buf buffer buffered buffers bug bulk busy but by byte bytes cache cached call calling
cancel canceled canceling cancelled cannot certificate chain change changed changes channel character check checkpoint checkpoints checksum
child children chmod chunk chunked cipher clean cleanup clear client clients clock close closed closing cluster code column columns command
commands commit committed compatible complete completed completion compressed condition conf config configuration configured conflict
conflicting connect connected connecting connection connections constraint consistent contain contains content context continue control
copy core corrupt corrupted corruption could count cpu crash crashed crit critical current currently cycle daemon data database databases
date dead deadlock debug decode decoding decrypt default define defined delay delayed delete deleted deny denied dependency depth
descriptor descriptors detail detected device did died different dir direct directive directory dirty disabled disallowed disconnect
disconnected discarded disk dns do does domain done down drop dropped dump duplicate during duration each element emerg emergency empty
enable enabled encoding end ended endpoint engine enough entry entries epoll error errors escape established event events evicted eviction
exceed exceeded exceeds exception exclusive exec execute executed executing execution exhausted exist existing exists exit exited exiting
expected expire expired expiry extension external fail failed failing fails failover failure false fastcgi fatal fault fd feature field
fields file files filesystem filter finish finished first flag flags flush flushed for forbidden force forced foreign fork forked format
found fragmentation free freed from frozen fsync full function functions gateway get getting global got grant granted group had handler
handshake hard has hash have header headers health healthy heap heartbeat help high hit hold host hostname hosts http https id idle if in
inactive incoming incomplete inconsistent increase incorrect index info init initialize initialized inode input instance insufficient
integer integrity interface internal interrupt interrupted interval into invalid io ip is issue it item items its job journal keepalive key
keys killed killing lag large last latency layer leader leak left length less level library limit limits line lines link linked list listen
listener listening load loaded loading local locale localhost location lock locked locks log logged login logs long longer loop lost low
maintenance malformed manager many map marked master match matches max maxclients maximum maxmemory may memory message messages metadata
method min minimum mismatch missing mode modified module monitor more most mount mounted multiple must name named names need needed needs
negative net network never new next no node nodes non none not nothing notice now null number object of off offset old on once one only oom
open opened opening operation operations option options or order orphaned other out output over overcommit overflow own owner owned packet
page pages panic param parameter parameters parent parse parser parsing partial partition password path payload peak peer pending percent
perform performed permission permissions permitted persistence pid pipe pipeline pointer policy poll pool port position possible postmaster
preauth previous primary priority privilege privileges probe process processes processing promoted protected protocol proxy query queries
queue quota range rate raw reached read readable readonly reading ready reason receive received receiving recent record recover recovered
recovering recovery recv redirect redo reference refused register registered reject rejected relation release released reload reloaded
reloading remaining remote remove removed rename repeat repeated replica replicas replicate replication reply report reported request
requested requests required requires reserved reset resident resolve resolved resolver resource resources response responses restart
restarted restarting restore restored result retry retries retrying return returned returning revoked rewrite role rollback root rotate
rotated round route row rows rule run running save saved saving scan schema scheduled script scripts second seconds section sector segment
segments select selected semaphore send sending sent sequence serialization server servers service session sessions set setting settings
severity shared shm short should shut shutdown shutting signal signature since size skip skipped slave sleep slot slots slow snapshot
snapshots so socket sockets soft some source space spawn specified ssl stack stage stale standby start started starting startup state
statement statements statistics stats status still stop stopped stopping storage stored stream string subscriber success successful
successfully superuser swap symlink sync synchronization synchronous syntax system table tables tablespace target tcp temporarily temporary
terminate terminated terminating termination test than that the then there this thread threads threshold time timed timeline timeout
timeouts timer times timestamp tls to token too total transaction transactions transfer trigger truncate truncated try trying tuple type
unable unavailable uncaught undefined under unexpected unhealthy unique unit unix unknown unlink unreachable unrecognized unsupported until
up update updated updates upgrade upstream usage use used user username users using vacuum valid value values variable verification verified
verify version via view violates violation virtual volume wait waited waiting wal warn warning was were when where which while will with
within without work worker workers world would wraparound writable write writer writes writing written wrong zero zone
accept4 addrinfo bgsave bio brpop chdir chown cmd config cron ctid deque diskless eacces eagain econnrefused econnreset emfile enfile enoent
enomem enospc eperm epipe erofs etimedout errno fcntl fdatasync fstat ftruncate getaddrinfo getpeername getsockopt getrlimit inet ioctl
kevent listen lseek lua malloc misconf mkdir mmap moved munmap nginx nobody nofile noauth noperm noreplicas odoo opendir openat openssl pg
ping pong posix postgres postgresql pread preadv psync pwrite rdb readv realloc recvmsg redis replconf replicaof rlimit sendfile sendmsg
setrlimit setsockopt sigabrt sigbus sighup sigint sigkill sigquit sigsegv sigterm socketpair sqlstate sshd stat statfs systemd toast ulimit
unix uwsgi vm werkzeug wheel worker_connections worker_rlimit_nofile workdir writev wrongpass xid xmin xmax yaml
max_connections max_wal_size shared_buffers work_mem maintenance_work_mem superuser_reserved_connections idle_in_transaction_session_timeout
overcommit_memory statement_timeout lock_timeout pg_hba pg_wal pg_xact pg_control appendfsync stop_writes_on_bgsave_error client_body_temp
proxy_temp fastcgi_temp limit_time_real limit_memory_hard db_maxconn
baseline blocker ceiling holds how kept listens ms observed refusals same seconds verdict visible
`

export const vocabulary: ReadonlySet<string> = new Set(WORDS.split(/\s+/).filter((word) => word !== ''))
