package bench;

/** What is known of one call. */
record Statement(int version, boolean answered, boolean talked, int talkMs) {

    byte flags() {
        return (byte) ((answered ? 1 : 0) | (talked ? 2 : 0));
    }

    static Statement of(int version, byte flags, int talkMs) {
        return new Statement(version, (flags & 1) != 0, (flags & 2) != 0, talkMs);
    }
}
