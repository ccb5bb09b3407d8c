package bench;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/** Pages as live objects. What changed is serialised once per commit, where Kafka Streams flushes its caches. */
final class LivePages implements StateStore, CachedStateStore<String, Page> {
    private final Map<String, Page> pages = new HashMap<>();
    private final Map<String, Page> changed = new LinkedHashMap<>();
    private final Map<String, Page> touched = new LinkedHashMap<>();
    private InternalProcessorContext<?, ?> context;
    private Publisher publisher;
    private boolean open;

    Page page(String key) {
        return pages.computeIfAbsent(key, absent -> new Page());
    }

    void publishBy(Publisher publisher) {
        this.publisher = publisher;
    }

    /** Published once more where nothing is new: after a crash it may not have been yet. */
    void touched(String key, Page page, boolean isNew) {
        touched.put(key, page);
        if (isNew) {
            changed.put(key, page);
        }
    }

    @Override
    public void flushCache() {
        long now = context.currentSystemTimeMs();
        changed.forEach((key, page) -> {
            Bytes name = Bytes.wrap(key.getBytes(StandardCharsets.UTF_8));
            context.logChange(name(), name, page.bytes(), now, new RecordHeaders(), Position.emptyPosition());
        });
        touched.forEach(publisher::publish);
        clearCache();
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
        this.context = (InternalProcessorContext<?, ?>) context;
        context.register(root, (key, value) -> pages.put(new String(key, StandardCharsets.UTF_8), Page.of(value)));
        open = true;
    }

    @Override
    public void clearCache() {
        changed.clear();
        touched.clear();
    }

    @Override
    public boolean setFlushListener(
            org.apache.kafka.streams.state.internals.CacheFlushListener<String, Page> listener, boolean sendOldValues) {
        return false;
    }

    @Override
    public String name() {
        return Idiomatic.STORE;
    }

    @Override
    public void close() {
        open = false;
        pages.clear();
    }

    @Override
    public boolean persistent() {
        return false;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** Always logged; caching is what this store is itself. */
    static final class Builder implements StoreBuilder<LivePages> {
        @Override
        public StoreBuilder<LivePages> withCachingEnabled() {
            return this;
        }

        @Override
        public StoreBuilder<LivePages> withCachingDisabled() {
            return this;
        }

        @Override
        public StoreBuilder<LivePages> withLoggingEnabled(Map<String, String> config) {
            return this;
        }

        @Override
        public StoreBuilder<LivePages> withLoggingDisabled() {
            return this;
        }

        @Override
        public LivePages build() {
            return new LivePages();
        }

        @Override
        public Map<String, String> logConfig() {
            return Map.of();
        }

        @Override
        public boolean loggingEnabled() {
            return true;
        }

        @Override
        public String name() {
            return Idiomatic.STORE;
        }
    }
}
